/** Row types of the schema (src/archive/migrations). bigint is text, bytea is Buffer, jsonb is parsed. */
import type { ColumnType, Generated, JSONColumnType } from 'kysely';
import type { ConnectionTestStep } from '../shared/connection-test.ts';
import type {
  DirectoryChangeTracking,
  DirectoryFindings,
  DirectoryObjectKind,
  DirectoryObjectQuery,
  DirectoryObjectStep,
  DirectorySettings,
  DirectoryTestStep,
  PersonRule,
  RecipientType,
  RemovalKind,
} from '../shared/directory.ts';
import type { AttributeChange, PlanAction, PlanCounts } from '../shared/directory-plan.ts';
import type { ErrorReport } from '../shared/errors.ts';
import type {
  ConnectionId,
  DefinitionId,
  DirectoryObjectId,
  IntegrationId,
  MailboxGroupId,
  MailboxId,
  MailboxKey,
  OrganisationId,
  PersonId,
  RunId,
  ScheduleId,
  SiteId,
  TaskId,
  TokenId,
} from '../shared/ids.ts';
import type { HeldKind, HeldState } from '../shared/held.ts';
import type { ConnectionSettings } from '../shared/mailbox-contract.ts';
import type { MailboxFeature } from '../shared/mailbox.ts';
import type { RunKind, RunReason, RunState, RunTotals, RunTrigger } from '../shared/runs.ts';
import type { Schedule } from '../shared/schedule-types.ts';
import type { FolderReplicationSettings, MailboxGroupSource, MailboxState, TaskRunScope } from '../shared/tasks.ts';

type Timestamp = ColumnType<Date, Date | string, Date | string>;
type GeneratedTimestamp = ColumnType<Date, Date | string | undefined, Date | string>;
/** int8: decimal text. */
type Bigint = ColumnType<string, string | number, string | number>;

export interface Tables {
  organisation: {
    id: OrganisationId;
    name: string;
    display_name: string;
    next_run_number: ColumnType<string, string | number | undefined, string | number>;
    leave_out_private: ColumnType<boolean, boolean | undefined, boolean>;
    created_at: GeneratedTimestamp;
  };
  encryption_key: {
    id: string;
    org_id: OrganisationId | null;
    purpose: string;
    wrapped_by: string;
    wrapped: Buffer;
    created_at: GeneratedTimestamp;
    retired_at: Timestamp | null;
  };
  api_token: {
    id: TokenId;
    org_id: OrganisationId | null;
    label: string;
    token_hash: Buffer;
    scopes: string[];
    created_at: GeneratedTimestamp;
    expires_at: Timestamp | null;
    revoked_at: Timestamp | null;
    last_used_at: Timestamp | null;
  };
  site: {
    id: SiteId;
    org_id: OrganisationId;
    name: string;
    description: Generated<string>;
    state: Generated<'pending' | 'enrolled' | 'disabled'>;
    sign_public_key: string | null;
    seal_public_key: Buffer | null;
    version: string | null;
    contract: string | null;
    created_at: GeneratedTimestamp;
    enrolled_at: Timestamp | null;
    last_seen_at: Timestamp | null;
  };
  site_node: {
    site_id: SiteId;
    org_id: OrganisationId;
    node: string;
    version: string;
    first_seen_at: GeneratedTimestamp;
    last_seen_at: GeneratedTimestamp;
  };
  site_enrolment_code: {
    code_hash: Buffer;
    org_id: OrganisationId;
    site_id: SiteId;
    created_at: GeneratedTimestamp;
    expires_at: Timestamp;
    used_at: Timestamp | null;
  };
  directory_integration: {
    id: IntegrationId;
    org_id: OrganisationId;
    site_id: SiteId;
    name: string;
    description: Generated<string>;
    settings: JSONColumnType<DirectorySettings>;
    credential: Buffer | null;
    credential_changed_at: Timestamp | null;
    schedule: JSONColumnType<Schedule> | null;
    jitter_seconds: Generated<number>;
    state: Generated<'active' | 'paused'>;
    change_tracking: JSONColumnType<DirectoryChangeTracking> | null;
    findings: JSONColumnType<DirectoryFindings> | null;
    accepted_doubt: string | null;
    watched_at: Timestamp | null;
    watch_error: JSONColumnType<ErrorReport> | null;
    reconcile_reason: JSONColumnType<RunReason> | null;
    reconcile_at: Timestamp | null;
    skipped_ticks: ColumnType<string, string | number | undefined, string | number>;
    created_at: GeneratedTimestamp;
    changed_at: GeneratedTimestamp;
    scope_changed_at: Timestamp | null;
  };
  run: {
    id: RunId;
    org_id: OrganisationId;
    integration_id: IntegrationId | null;
    task_id: TaskId | null;
    connection_id: ConnectionId | null;
    task_scope: JSONColumnType<TaskRunScope> | null;
    test_address: string | null;
    planned_at: Timestamp | null;
    number: Bigint;
    kind: RunKind;
    trigger: RunTrigger;
    reason: JSONColumnType<RunReason> | null;
    state: RunState;
    workflow_id: string;
    requested_at: GeneratedTimestamp;
    started_at: Timestamp | null;
    progress_at: Timestamp | null;
    finished_at: Timestamp | null;
    epoch: Bigint | null;
    first_epoch: Bigint | null;
    totals: JSONColumnType<Partial<RunTotals>, string | undefined, string>;
    error: JSONColumnType<ErrorReport> | null;
    report: JSONColumnType<(DirectoryTestStep | DirectoryObjectStep | ConnectionTestStep)[]> | null;
    object: JSONColumnType<DirectoryObjectQuery> | null;
    read_settings: JSONColumnType<DirectorySettings> | null;
    settings: JSONColumnType<DirectorySettings> | null;
    from_stored: Generated<boolean>;
    plan_counts: JSONColumnType<PlanCounts> | null;
    plan_forgotten_at: Timestamp | null;
  };
  page_cursor: {
    owner: string;
    scope: string;
    org_id: OrganisationId;
    epoch: Bigint;
    seq: Bigint;
    phase: 'full' | 'delta';
    value: Buffer | null;
    page_hash: Buffer | null;
    opened_at: GeneratedTimestamp;
    completed_epoch: ColumnType<string, string | number | undefined, string | number>;
  };
  directory_object: {
    id: ColumnType<DirectoryObjectId, never, never>;
    org_id: OrganisationId;
    integration_id: IntegrationId;
    guid: string;
    kind: DirectoryObjectKind;
    recipient_type: RecipientType;
    dn: string;
    dn_key: Buffer;
    rdn: string;
    parent_guid: string | null;
    sid: string | null;
    primary_group_sid: string | null;
    mailbox_guid: string | null;
    display_name: string;
    sort_key: string;
    account_name: string | null;
    principal_name: string | null;
    account_disabled: boolean;
    disabled: Generated<boolean>;
    in_source: Generated<boolean>;
    in_scope: boolean;
    listed: boolean;
    missing_since: Timestamp | null;
    kept_since: Timestamp | null;
    kept_enabled_since: Timestamp | null;
    manager_key: Buffer | null;
    attributes: JSONColumnType<Record<string, string[]>>;
    source_created: Timestamp | null;
    content_hash: Buffer;
    first_seen_at: GeneratedTimestamp;
    changed_at: GeneratedTimestamp;
  };
  directory_sighting: {
    object_id: DirectoryObjectId;
    org_id: OrganisationId;
    integration_id: IntegrationId;
    epoch: Bigint;
    outcome: 'added' | 'changed' | 'returned' | 'same' | 'missing' | 'outside';
    usn: Bigint | null;
    invocation_id: string | null;
    members_usn: Bigint | null;
    members_invocation_id: string | null;
    told_epoch: ColumnType<string, string | number | undefined, string | number>;
    members_told_epoch: ColumnType<string, string | number | undefined, string | number>;
  };
  directory_former_name: {
    integration_id: IntegrationId;
    dn_key: Buffer;
    object_id: DirectoryObjectId;
    org_id: OrganisationId;
    until: GeneratedTimestamp;
  };
  directory_tombstone: {
    integration_id: IntegrationId;
    guid: string;
    org_id: OrganisationId;
    usn: Bigint | null;
    invocation_id: string | null;
    told_epoch: Bigint;
  };
  directory_address: { object_id: DirectoryObjectId; org_id: OrganisationId; address: string; is_primary: boolean };
  directory_name_ending: { object_id: DirectoryObjectId; org_id: OrganisationId; ending: string };
  directory_member: {
    group_id: DirectoryObjectId;
    member_key: Buffer;
    org_id: OrganisationId;
    member_dn: string;
    epoch: Bigint;
  };
  directory_member_part: { teller_id: IntegrationId | RunId; guid: string; member_key: Buffer; org_id: OrganisationId; member_dn: string };
  directory_sid: { object_id: DirectoryObjectId; org_id: OrganisationId; sid: string; role: 'former' | 'master' };
  removed_by_changes: {
    id: ColumnType<string, never, never>;
    org_id: OrganisationId;
    integration_id: IntegrationId;
    kind: RemovalKind;
    objects: number;
    at: GeneratedTimestamp;
  };
  held_set: {
    run_id: RunId;
    kind: HeldKind;
    org_id: OrganisationId;
    integration_id: IntegrationId;
    objects: Bigint;
    reason: string;
    state: Generated<HeldState>;
    held_at: GeneratedTimestamp;
    resolved_at: Timestamp | null;
    resolved_by: TokenId | null;
    resolved_objects: Bigint | null;
  };
  held_change: { run_id: RunId; kind: RemovalKind; object_id: DirectoryObjectId; org_id: OrganisationId };
  person: {
    id: ColumnType<PersonId, never, never>;
    org_id: OrganisationId;
    created_at: GeneratedTimestamp;
    merged_into: PersonId | null;
    sort_key: string | null;
    mail_object: DirectoryObjectId | null;
  };
  person_link: {
    id: ColumnType<string, never, never>;
    org_id: OrganisationId;
    person_id: PersonId;
    object_id: DirectoryObjectId;
    rule: PersonRule;
    own_person_id: PersonId | null;
    since: GeneratedTimestamp;
    until: Timestamp | null;
  };
  directory_problem: {
    id: ColumnType<string, never, never>;
    org_id: OrganisationId;
    integration_id: IntegrationId;
    guid: string | null;
    subject: string;
    code: string;
    detail: string;
    first_run: RunId | null;
    last_run: RunId | null;
    epoch: Bigint;
    first_seen_at: GeneratedTimestamp;
    last_seen_at: GeneratedTimestamp;
    resolved_at: Timestamp | null;
  };
  directory_plan_page: { run_id: RunId; seq: Bigint; org_id: OrganisationId; page: Buffer };
  directory_plan_entry: {
    run_id: RunId;
    position: Bigint;
    org_id: OrganisationId;
    action: PlanAction;
    kind: DirectoryObjectKind;
    directory: string;
    guid: string;
    subject: string;
    detail: string | null;
    changes: JSONColumnType<AttributeChange[]>;
  };
  exchange_connection: {
    id: ConnectionId;
    org_id: OrganisationId;
    site_id: SiteId;
    name: string;
    description: Generated<string>;
    settings: JSONColumnType<ConnectionSettings>;
    credential: Buffer | null;
    credential_changed_at: Timestamp | null;
    hints_trusted: Generated<boolean>;
    refused_at: Timestamp | null;
    refused_error: JSONColumnType<ErrorReport> | null;
    created_at: GeneratedTimestamp;
    changed_at: GeneratedTimestamp;
  };
  definition: {
    id: DefinitionId;
    org_id: OrganisationId;
    name: string;
    description: Generated<string>;
    feature: MailboxFeature;
    settings: JSONColumnType<FolderReplicationSettings>;
    created_at: GeneratedTimestamp;
    changed_at: GeneratedTimestamp;
  };
  task_schedule: {
    id: ScheduleId;
    org_id: OrganisationId;
    name: string;
    description: Generated<string>;
    schedule: JSONColumnType<Schedule>;
    jitter_seconds: Generated<number>;
    created_at: GeneratedTimestamp;
    changed_at: GeneratedTimestamp;
  };
  mailbox_group: {
    id: MailboxGroupId;
    org_id: OrganisationId;
    name: string;
    description: Generated<string>;
    source: JSONColumnType<MailboxGroupSource>;
    created_at: GeneratedTimestamp;
    changed_at: GeneratedTimestamp;
  };
  task: {
    id: TaskId;
    org_id: OrganisationId;
    site_id: SiteId;
    name: string;
    description: Generated<string>;
    feature: MailboxFeature;
    definition_id: DefinitionId;
    schedule_id: ScheduleId | null;
    group_id: MailboxGroupId;
    state: Generated<'active' | 'paused'>;
    skipped_ticks: ColumnType<string, string | number | undefined, string | number>;
    created_at: GeneratedTimestamp;
    changed_at: GeneratedTimestamp;
  };
  mailbox: {
    id: ColumnType<MailboxId, never, never>;
    org_id: OrganisationId;
    key: Generated<MailboxKey>;
    exchange_guid: string | null;
    address: string;
    display_name: string;
    recipient_type: RecipientType;
    object_id: DirectoryObjectId | null;
    connection_id: ConnectionId | null;
    open_pass: ColumnType<string, string | number | undefined, string | number>;
    completed_pass: ColumnType<string, string | number | undefined, string | number>;
    verified_at: Timestamp | null;
    folders: ColumnType<string, never, never>;
    items: ColumnType<string, never, never>;
    left_out: ColumnType<string, never, never>;
    bytes: ColumnType<string, never, never>;
    created_at: GeneratedTimestamp;
  };
  mailbox_owner: { mailbox_id: MailboxId; feature: MailboxFeature; org_id: OrganisationId; task_id: TaskId; since: GeneratedTimestamp };
  task_mailbox: {
    task_id: TaskId;
    mailbox_id: MailboxId;
    org_id: OrganisationId;
    state: MailboxState;
    error: JSONColumnType<ErrorReport> | null;
    in_group: Generated<boolean>;
    first_done_at: Timestamp | null;
    last_success_at: Timestamp | null;
    last_run_id: RunId | null;
    changed_at: GeneratedTimestamp;
  };
  run_mailbox: {
    run_id: RunId;
    ordinal: number;
    org_id: OrganisationId;
    mailbox_id: MailboxId;
    outcome: 'quiet' | 'finished' | 'failed' | 'deferred' | 'waiting' | 'superseded' | null;
    lease: string | null;
    leased_at: Timestamp | null;
    error: JSONColumnType<ErrorReport> | null;
    fruitless: Generated<number>;
    pages: ColumnType<string, never, never>;
    items: ColumnType<string, never, never>;
  };
  blob: {
    org_id: OrganisationId;
    sha256: Buffer;
    bytes: Bigint;
    stored_bytes: Bigint;
    created_at: GeneratedTimestamp;
    unreferenced_since: ColumnType<Date | null, Date | null | undefined, Date | null>;
    condemned: Generated<boolean>;
  };
  /** A view. */
  referenced_blob: { org_id: OrganisationId; sha256: Buffer; content_id: string };
}
