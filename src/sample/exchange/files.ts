/** Attached files: few different ones, sent around a lot. Each is a file of its kind that programs open, and the same each time. */
import { createHash } from 'node:crypto';
import { crc32, deflateSync } from 'node:zlib';
import { storedZip } from './stored-zip.ts';

export interface SampleFile {
  readonly name: string;
  readonly contentType: string;
  readonly bytes: Buffer;
}

const word = 'application/vnd.openxmlformats-officedocument.wordprocessingml.document';
const sheet = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet';
const kinds: readonly { readonly extension: string; readonly contentType: string; readonly names: readonly string[]; readonly make: (seed: string, size: number) => Buffer }[] = [
  { extension: 'pdf', contentType: 'application/pdf', names: ['Angebot 2025', 'Invoice 40017', 'Zeichnung T-4471 (Rev C)'], make: pdf },
  { extension: 'docx', contentType: word, names: ['Protokoll', 'Report é'], make: docx },
  { extension: 'xlsx', contentType: sheet, names: ['Budget', '見積書'], make: xlsx },
  { extension: 'png', contentType: 'image/png', names: ['logo', 'Screenshot 1'], make: png },
  { extension: 'txt', contentType: 'text/plain', names: ['notes'], make: (seed, size) => Buffer.concat([...fileBytes(seed, size)].map((piece) => Buffer.from(piece.toString('base64').slice(0, piece.length)))) },
];
/** How many files there are. */
export const FILES = 60;

const made = new Map<number, SampleFile>();

/** One of the files, by a number from 0. */
export function sampleFile(number: number): SampleFile {
  const known = made.get(number);
  if (known !== undefined) return known;
  const kind = kinds[number % kinds.length] ?? kinds[0];
  if (kind === undefined) throw new Error('no kinds of files');
  const seed = `file ${number}`;
  const choice = createHash('sha256').update(seed).digest();
  const file = {
    name: `${kind.names[choice.readUInt8(0) % kind.names.length] ?? seed}.${kind.extension}`,
    contentType: kind.contentType,
    // One in twenty is empty: somebody attached it before it was saved.
    bytes: number % 20 === 19 ? Buffer.alloc(0) : kind.make(seed, 500 + (choice.readUInt16BE(2) % 60_000)),
  };
  made.set(number, file);
  return file;
}

const xml = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>';
const relationships = (type: string, target: string): string =>
  `${xml}<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/${type}" Target="${target}"/></Relationships>`;
const contentTypes = (part: string, type: string): string =>
  `${xml}<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>` +
  `<Default Extension="xml" ContentType="application/xml"/><Default Extension="bin" ContentType="application/octet-stream"/><Override PartName="${part}" ContentType="${type}"/></Types>`;

function docx(seed: string, size: number): Buffer {
  return storedZip([
    ['[Content_Types].xml', contentTypes('/word/document.xml', `${word}.main+xml`)],
    ['_rels/.rels', relationships('officeDocument', 'word/document.xml')],
    ['word/document.xml', `${xml}<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body><w:p><w:r><w:t>${seed}</w:t></w:r></w:p></w:body></w:document>`],
    ['word/media/object1.bin', Buffer.concat([...fileBytes(seed, size)])],
  ]);
}

function xlsx(seed: string, size: number): Buffer {
  return storedZip([
    ['[Content_Types].xml', contentTypes('/xl/workbook.xml', `${sheet}.main+xml`)],
    ['_rels/.rels', relationships('officeDocument', 'xl/workbook.xml')],
    ['xl/workbook.xml', `${xml}<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheets/></workbook>`],
    ['xl/media/object1.bin', Buffer.concat([...fileBytes(seed, size)])],
  ]);
}

/** One page with a line of text (ISO 32000-1 §7.5). */
function pdf(seed: string, size: number): Buffer {
  const text = `BT /F1 12 Tf 72 720 Td (${seed}) Tj ET`;
  const objects = [
    '<</Type/Catalog/Pages 2 0 R>>',
    '<</Type/Pages/Kids[3 0 R]/Count 1>>',
    '<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>',
    `<</Length ${text.length}>>\nstream\n${text}\nendstream`,
    '<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>',
    `<</Length ${size}>>\nstream\n${Buffer.concat([...fileBytes(seed, size)]).toString('latin1')}\nendstream`,
  ];
  let file = '%PDF-1.4\n';
  const places = objects.map((object, index) => {
    const at = file.length;
    file += `${index + 1} 0 obj\n${object}\nendobj\n`;
    return at;
  });
  const table = places.map((at) => `${String(at).padStart(10, '0')} 00000 n \n`).join('');
  return Buffer.from(`${file}xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${table}trailer\n<</Size ${objects.length + 1}/Root 1 0 R>>\nstartxref\n${file.length}\n%%EOF\n`, 'latin1');
}

/** Grey noise (RFC 2083). */
function png(seed: string, size: number): Buffer {
  const side = Math.max(4, Math.ceil(Math.sqrt(size)));
  const noise = Buffer.concat([...fileBytes(seed, side * side)]);
  const rows = Array.from({ length: side }, (_, row) => Buffer.concat([Buffer.of(0), noise.subarray(row * side, (row + 1) * side)]));
  const header = Buffer.alloc(13);
  header.writeUInt32BE(side, 0);
  header.writeUInt32BE(side, 4);
  header.writeUInt8(8, 8);
  return Buffer.concat([Buffer.from('\u0089PNG\r\n\u001a\n', 'latin1'), chunk('IHDR', header), chunk('IDAT', deflateSync(Buffer.concat(rows))), chunk('IEND', Buffer.alloc(0))]);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  check.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, check]);
}

const PIECE = 64 * 1024;

/** `size` bytes that follow from `seed`, in pieces, no two of which are the same. */
export function* fileBytes(seed: string, size: number): Generator<Buffer> {
  const block = Buffer.concat(Array.from({ length: PIECE / 64 }, (_, index) => createHash('sha512').update(`${seed} ${index}`).digest()));
  for (let at = 0; at < size; at += PIECE) {
    const piece = Buffer.from(block.subarray(0, Math.min(PIECE, size - at)));
    if (piece.length >= 4) piece.writeUInt32BE(at, piece.length - 4);
    yield piece;
  }
}
