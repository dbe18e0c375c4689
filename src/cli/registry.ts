import type { AnyCommand } from './command.ts';
import { configExport } from './commands/config/export.ts';
import { configImport } from './commands/config/import.ts';
import { directoryAdd } from './commands/directory/add.ts';
import { directoryChange } from './commands/directory/change.ts';
import { directoryDomains } from './commands/directory/domains.ts';
import { directoryList } from './commands/directory/list.ts';
import { directoryPause, directoryResume } from './commands/directory/pause.ts';
import { directoryPlan } from './commands/directory/plan.ts';
import { directoryProblems } from './commands/directory/problems.ts';
import { directoryRemove } from './commands/directory/remove.ts';
import { directoryShow } from './commands/directory/show.ts';
import { directorySync } from './commands/directory/sync.ts';
import { directoryTest } from './commands/directory/test.ts';
import { groupList } from './commands/group/list.ts';
import { groupMembers } from './commands/group/members.ts';
import { groupShow } from './commands/group/show.ts';
import { auditList } from './commands/audit/list.ts';
import { mailboxList } from './commands/mailbox/list.ts';
import { mailboxStatus } from './commands/mailbox/status.ts';
import { mailboxTree } from './commands/mailbox/tree.ts';
import { archiveVerify } from './commands/archive/verify.ts';
import { mailboxUnreadable } from './commands/mailbox/unreadable.ts';
import { messageGet } from './commands/message/get.ts';
import { messageParts } from './commands/message/parts.ts';
import { messageShow } from './commands/message/show.ts';
import { organisationAdd } from './commands/organisation/add.ts';
import { organisationChange } from './commands/organisation/change.ts';
import { organisationList } from './commands/organisation/list.ts';
import { organisationUse } from './commands/organisation/use.ts';
import { keysAbandon } from './commands/keys/abandon.ts';
import { keysRotateCodec, keysRotateToken } from './commands/keys/rotate-installation.ts';
import { keysRotateMaster } from './commands/keys/rotate-master.ts';
import { keysRotateOrganisation } from './commands/keys/rotate-organisation.ts';
import { keysRotateSite } from './commands/keys/rotate-site.ts';
import { personList } from './commands/person/list.ts';
import { personShow } from './commands/person/show.ts';
import { runsApprove, runsReject } from './commands/runs/decide.ts';
import { runsCancel } from './commands/runs/cancel.ts';
import { runsHeld } from './commands/runs/held.ts';
import { runsList, runsListByName } from './commands/runs/list.ts';
import { runsShow } from './commands/runs/show.ts';
import { siteAdd } from './commands/site/add.ts';
import { siteCode } from './commands/site/code.ts';
import { siteList } from './commands/site/list.ts';
import { siteShow } from './commands/site/show.ts';
import { siteDisable, siteEnable } from './commands/site/switch.ts';
import { statusCommand } from './commands/status.ts';
import { connectionAdd } from './commands/connection/add.ts';
import { connectionChange } from './commands/connection/change.ts';
import { connectionTest } from './commands/connection/test.ts';
import { connectionList, connectionRemove, connectionShow } from './commands/connection/connection-words.ts';
import { definitionAdd } from './commands/definition/add.ts';
import { definitionChange } from './commands/definition/change.ts';
import { definitionList, definitionRemove, definitionShow } from './commands/definition/definition-words.ts';
import { mailboxGroupAdd } from './commands/mailbox-group/add.ts';
import { mailboxGroupChange } from './commands/mailbox-group/change.ts';
import { mailboxGroupList, mailboxGroupRemove, mailboxGroupShow } from './commands/mailbox-group/mailbox-group-words.ts';
import { mailboxGroupMailboxes } from './commands/mailbox-group/mailboxes.ts';
import { scheduleAdd } from './commands/schedule/add.ts';
import { scheduleChange } from './commands/schedule/change.ts';
import { scheduleList, scheduleRemove, scheduleShow } from './commands/schedule/schedule-words.ts';
import { taskAdd } from './commands/task/add.ts';
import { taskChange } from './commands/task/change.ts';
import { taskPause, taskResume } from './commands/task/pause.ts';
import { taskRun } from './commands/task/run.ts';
import { taskTest } from './commands/task/test.ts';
import { resyncCommand } from './commands/resync.ts';
import { taskStatus } from './commands/task/status.ts';
import { taskList, taskRemove, taskShow } from './commands/task/task-words.ts';
import { tokenAdd } from './commands/token/add.ts';
import { tokenList } from './commands/token/list.ts';
import { tokenRevoke } from './commands/token/revoke.ts';
import { initCommand } from './commands/init.ts';
import { sampleCommand } from './commands/sample.ts';
import { serverCommand } from './commands/server.ts';
import { siteRunCommand } from './commands/site-run.ts';
import { upCommand } from './commands/up.ts';
import { uiCommand } from './commands/ui.ts';
import { helpExitCodesCommand } from './commands/help-exit-codes.ts';
import { helpSettingsCommand } from './commands/help-settings.ts';

/** All commands, in the order of `lockstep --help`. */
export const commands: readonly AnyCommand[] = [
  upCommand,
  initCommand,
  serverCommand,
  siteRunCommand,
  sampleCommand,
  statusCommand,
  directoryAdd,
  directoryList,
  directoryShow,
  directoryDomains,
  directoryTest,
  directoryPlan,
  directorySync,
  directoryProblems,
  directoryChange,
  directoryPause,
  directoryResume,
  directoryRemove,
  personList,
  personShow,
  groupList,
  groupShow,
  groupMembers,
  taskAdd,
  taskList,
  taskShow,
  taskStatus,
  taskTest,
  taskChange,
  taskRun,
  taskPause,
  taskResume,
  taskRemove,
  mailboxList,
  mailboxStatus,
  mailboxTree,
  mailboxUnreadable,
  archiveVerify,
  messageShow,
  messageParts,
  messageGet,
  definitionAdd,
  definitionList,
  definitionShow,
  definitionChange,
  definitionRemove,
  mailboxGroupAdd,
  mailboxGroupList,
  mailboxGroupShow,
  mailboxGroupMailboxes,
  mailboxGroupChange,
  mailboxGroupRemove,
  scheduleAdd,
  scheduleList,
  scheduleShow,
  scheduleChange,
  scheduleRemove,
  connectionAdd,
  connectionList,
  connectionShow,
  connectionTest,
  connectionChange,
  connectionRemove,
  resyncCommand,
  runsList,
  runsListByName,
  runsShow,
  runsHeld,
  runsApprove,
  runsReject,
  runsCancel,
  siteAdd,
  siteList,
  siteShow,
  siteCode,
  siteDisable,
  siteEnable,
  organisationAdd,
  organisationList,
  organisationUse,
  organisationChange,
  auditList,
  tokenAdd,
  tokenList,
  tokenRevoke,
  configExport,
  configImport,
  uiCommand,
  keysRotateMaster,
  keysRotateOrganisation,
  keysRotateCodec,
  keysRotateToken,
  keysRotateSite,
  keysAbandon,
  helpSettingsCommand,
  helpExitCodesCommand,
];

/** What groups of commands are about. */
export const groups: Readonly<Record<string, string>> = {
  directory: 'Active Directory domains that are read',
  person: 'People in the archive',
  group: 'Groups in the archive',
  task: 'What is done with which mailboxes, when, and by which site',
  archive: 'What is stored, and whether it is as it was',
  mailbox: 'Mailboxes, how they fare, and what is in them',
  message: 'Messages and other items of mailboxes',
  definition: 'Settings of a feature, for any number of tasks',
  'mailbox-group': 'Which mailboxes, for any number of tasks',
  schedule: 'When tasks run',
  connection: 'Exchange servers that mailboxes are read from',
  site: 'Engines on the networks of the directories',
  organisation: 'Organisations, and which one commands act for',
  audit: 'Who decided what is kept of people',
  token: 'API tokens of the organisation',
  config: 'The configuration of the organisation as a file',
  keys: 'Encryption keys',
  'keys rotate': 'Replace a key',
  help: 'What is not about one command',
};
