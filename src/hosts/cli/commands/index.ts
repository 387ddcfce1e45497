import type { Command } from "../command.ts";
import { approve, reject } from "./answer-item.ts";
import { cancel } from "./cancel.ts";
import { cleanup } from "./cleanup.ts";
import { config } from "./config.ts";
import { doctor } from "./doctor.ts";
import { exportCommand } from "./export.ts";
import { importCommand } from "./import.ts";
import { init } from "./init.ts";
import { inspect } from "./inspect.ts";
import { lint } from "./lint.ts";
import { mcp } from "./mcp.ts";
import { pipelineExplain } from "./pipeline-explain.ts";
import { preview } from "./preview.ts";
import { replay } from "./replay.ts";
import { report } from "./report.ts";
import { resume } from "./resume.ts";
import { run } from "./run.ts";
import { sessionCheckpoint } from "./session-checkpoint.ts";
import { sessionApprove, sessionReject } from "./session-gate.ts";
import { sessionNext } from "./session-next.ts";
import { sessionRewind } from "./session-rewind.ts";
import { sessionShow } from "./session-show.ts";
import { sessionStart } from "./session-start.ts";
import { sessionSubmit } from "./session-submit.ts";
import { stats } from "./stats.ts";
import { tell } from "./tell.ts";
import { validate } from "./validate.ts";
import { verify } from "./verify.ts";
import { workflows } from "./workflows.ts";

/** Every command; help and documentation are made from this list. */
export const commands: readonly Command[] = [
  run,
  resume,
  tell,
  approve,
  reject,
  cancel,
  validate,
  lint,
  workflows,
  inspect,
  preview,
  pipelineExplain,
  sessionStart,
  sessionNext,
  sessionSubmit,
  sessionApprove,
  sessionReject,
  sessionRewind,
  sessionCheckpoint,
  sessionShow,
  report,
  verify,
  replay,
  exportCommand,
  importCommand,
  stats,
  cleanup,
  init,
  config,
  doctor,
  mcp,
];
