/**
 * Search filters (RFC 4511, section 4.5.1.7). Assertion values are bytes: as text they would lose every objectGUID and SID
 * that somebody asks for.
 */
export type Filter =
  | { readonly kind: 'and' | 'or'; readonly filters: readonly Filter[] }
  | { readonly kind: 'not'; readonly filter: Filter }
  | {
      readonly kind: 'equal' | 'at-least' | 'at-most' | 'approximate';
      readonly attribute: string;
      readonly value: Buffer;
    }
  | { readonly kind: 'present'; readonly attribute: string }
  | {
      readonly kind: 'substrings';
      readonly attribute: string;
      readonly initial?: Buffer;
      readonly any: readonly Buffer[];
      readonly final?: Buffer;
    }
  | {
      readonly kind: 'extensible';
      readonly rule?: string;
      readonly attribute?: string;
      readonly value: Buffer;
      /** Sent on, and ignored by AD (MS-ADTS 3.1.1.3.1.3.1). */
      readonly dnAttributes?: true;
    };
