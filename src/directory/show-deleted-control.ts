import { Control } from 'ldapts';

/** LDAP_SERVER_SHOW_DELETED_OID (MS-ADTS §3.1.1.3.4.1.14): the search sees tombstones too, as far as the account may. */
export class ShowDeletedControl extends Control {
  constructor() {
    super('1.2.840.113556.1.4.417', { critical: true });
  }
}
