/** Properties of MAPI that EWS has no name for, by tag (MS-OXPROPS). */
import type { PropertyTag } from './envelope.ts';

const tag = <Name extends PropertyTag['tag'], Type extends PropertyTag['type']>(name: Name, type: Type) => ({ tag: name, type });

export const searchKey = tag('0x300b', 'Binary');
export const sourceKey = tag('0x65e0', 'Binary');
export const folderType = tag('0x3601', 'Integer');
export const attributeHidden = tag('0x10f4', 'Boolean');
export const localCommitTimeMax = tag('0x670a', 'SystemTime');
export const deletedCountTotal = tag('0x670b', 'Integer');
