import { defineSearchAttributeKey } from '@temporalio/common';
import { setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow';
import { searchAttributes } from '../shared/search-attributes.ts';

const stateKey = defineSearchAttributeKey(searchAttributes.state, 'KEYWORD');

/** What an operator sees of a run in the Temporal UI: its state to search by, and a sentence (Markdown). */
export function showState(state: string, details: string): void {
  upsertSearchAttributes([{ key: stateKey, value: state }]);
  setCurrentDetails(details);
}
