import { resolve } from 'node:path';
import { type BlobKeys, BlobStorage } from './blob-storage.ts';
import { DiskFiles } from './disk-files.ts';
import { type Bucket, S3Files } from './s3-files.ts';

/** `place`: a folder, or `s3://bucket/prefix?endpoint=URL&region=NAME` (LOCKSTEP_BLOBS). */
export function openBlobStorage(place: string, keys: BlobKeys): BlobStorage {
  return new BlobStorage(place.startsWith('s3://') ? new S3Files(bucketOf(place)) : new DiskFiles(resolve(place)), keys);
}

function bucketOf(place: string): Bucket {
  const { hostname: bucket, pathname, searchParams } = new URL(place);
  const folder = pathname.replace(/^\/+|\/+$/g, '');
  return {
    bucket,
    prefix: folder === '' ? '' : `${folder}/`,
    endpoint: searchParams.get('endpoint') ?? undefined,
    region: searchParams.get('region') ?? 'us-east-1',
  };
}
