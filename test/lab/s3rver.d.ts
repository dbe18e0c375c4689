declare module 's3rver' {
  export default class S3rver {
    constructor(options: { address: string; port: number; silent: boolean; directory: string; configureBuckets: readonly { name: string; configs: readonly string[] }[] });
    run(): Promise<{ readonly port: number }>;
    close(): Promise<void>;
  }
}
