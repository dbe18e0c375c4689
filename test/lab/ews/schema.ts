/** Checks SOAP messages of Exchange Web Services against Exchange's own schema, which is not part of this repository. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ParseOption, XmlBufferInputProvider, XmlDocument, XmlLibError, xmlRegisterInputProvider, XsdValidator } from 'libxml2-wasm';

/** Folder with Types.xsd and Messages.xsd as an Exchange server serves them under /EWS/. */
export const schemaFolder = process.env['LOCKSTEP_EWS_XSD'];

const soap = `<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"
    targetNamespace="http://schemas.xmlsoap.org/soap/envelope/" elementFormDefault="qualified">
  <xs:import namespace="http://schemas.microsoft.com/exchange/services/2006/types" schemaLocation="mem:/types.xsd"/>
  <xs:import namespace="http://schemas.microsoft.com/exchange/services/2006/messages" schemaLocation="mem:/messages.xsd"/>
  <xs:element name="Envelope"><xs:complexType><xs:sequence>
    <xs:element name="Header" minOccurs="0"><xs:complexType><xs:sequence>
      <xs:any namespace="##other" processContents="strict" minOccurs="0" maxOccurs="unbounded"/></xs:sequence></xs:complexType></xs:element>
    <xs:element name="Body"><xs:complexType><xs:choice>
      <xs:any namespace="##other" processContents="strict"/><xs:element ref="s:Fault"/></xs:choice></xs:complexType></xs:element>
  </xs:sequence></xs:complexType></xs:element>
  <xs:element name="Fault"><xs:complexType><xs:sequence>
    <xs:element name="faultcode" form="unqualified" type="xs:QName"/><xs:element name="faultstring" form="unqualified"/>
    <xs:element name="detail" form="unqualified" minOccurs="0"><xs:complexType><xs:sequence>
      <xs:any processContents="lax" minOccurs="0" maxOccurs="unbounded"/></xs:sequence></xs:complexType></xs:element>
  </xs:sequence></xs:complexType></xs:element>
</xs:schema>`;
/** Imported by Types.xsd without a place. */
const xmlNamespace = `<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="http://www.w3.org/XML/1998/namespace">
  <xs:attribute name="lang" type="xs:language"/></xs:schema>`;

export interface EwsSchema {
  /** What is wrong with a message, in the validator's words; empty: nothing. */
  problems(message: string): string[];
  dispose(): void;
}

export async function readEwsSchema(folder: string): Promise<EwsSchema> {
  const [types, messages] = await Promise.all(['Types.xsd', 'Messages.xsd'].map((name) => readFile(join(folder, name), 'utf8')));
  if (types === undefined || messages === undefined) throw new Error('no schema');
  const bytes = (text: string) => new TextEncoder().encode(text);
  const inMemory = new XmlBufferInputProvider({
    'mem:/types.xsd': bytes(types.replace('namespace="http://www.w3.org/XML/1998/namespace"', '$& schemaLocation="mem:/xml.xsd"')),
    'mem:/messages.xsd': bytes(messages.replace(/schemaLocation="types\.xsd"/i, 'schemaLocation="mem:/types.xsd"')),
    'mem:/xml.xsd': bytes(xmlNamespace),
  });
  xmlRegisterInputProvider(inMemory);
  const document = XmlDocument.fromString(soap, { url: 'mem:/soap.xsd' });
  const validator = XsdValidator.fromDoc(document);
  document.dispose();
  return {
    problems: (message) => {
      let read: XmlDocument | undefined;
      try {
        // References to control characters, which Exchange writes and XML 1.0 does not allow, are not what is checked here.
        read = XmlDocument.fromString(message.replace(/&#x[0-9A-F]{1,2};/g, ''), { option: ParseOption.XML_PARSE_HUGE });
        validator.validate(read);
        return [];
      } catch (error) {
        if (!(error instanceof XmlLibError)) throw error;
        return error.details.map((detail) => detail.message.trim());
      } finally {
        read?.dispose();
      }
    },
    dispose: () => validator.dispose(),
  };
}
