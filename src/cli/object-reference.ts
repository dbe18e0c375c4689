import type { ObjectQuery } from '../api/schemas/directories.ts';
import { UsageError } from './command.ts';

/**
 * The object that a person means by an objectGUID, a distinguished name or an address.
 * @throws UsageError when the text is none of these
 */
export function objectReference(text: string): ObjectQuery {
  const value = text.trim();
  if (/^\{?[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\}?$/i.test(value)) return { by: 'guid', value };
  // Before addresses: a name may hold an @, and an address an equals sign but no comma.
  if (/^[a-z][a-z0-9.-]*\s*=.*,/i.test(value)) return { by: 'dn', value };
  if (/^[^\s@]+@[^\s@]+$/.test(value)) return { by: 'address', value };
  throw new UsageError(`"${text}" is no object. Give its address (ann@corp.example), distinguished name (CN=Ann,OU=Staff,DC=corp,DC=example) or objectGUID.`);
}
