/** An invented company. `.example` belongs to nobody (RFC 2606). */
export const company = {
  name: 'Tarnwick Instruments',
  dnsName: 'corp.tarnwick.example',
  netbiosName: 'TARNWICK',
  /** Today's domain, the one before the company was renamed, and that of a subsidiary. */
  mailDomains: ['tarnwick.example', 'tarn-und-wick.example', 'wickmed.example'],
  partners: [
    { name: 'Ostheim Logistik', domain: 'ostheim.example' },
    { name: 'Brightwater Metals', domain: 'brightwater.example' },
    { name: 'Atelier Marchand', domain: 'marchand.example' },
    { name: '北浜商事', domain: 'kitahama.example' },
  ],
} as const;

export const mailDomain = company.mailDomains[0];
