import { systemErrorCode } from "../shared/durable-files.ts";
import type { FileSystem } from "../shared/ports.ts";
import { endFault } from "./stores/epoch-end.ts";
import { contentOf, epochPath, listEpochs, wholeBytes } from "./stores/epoch-files.ts";
import { createSurveyor, type Surveyor } from "./survey.ts";

/** One epoch file in memory; a writer that came near it would have opened a new epoch long before. */
const EPOCH_FILE_LIMIT_BYTES = 1024 * 1024 * 1024;

/** Looks over every line of a journal directory, whatever is wrong with others; changes nothing. Blobs are not looked at. */
export function surveyDirectory(directory: string, fs: FileSystem): Surveyor {
  const survey = createSurveyor();
  const epochs = listEpochs(fs, directory);
  const readable = epochs.map((epoch) => {
    const path = epochPath(directory, epoch);
    const size = fs.size(path) ?? 0;
    if (size > EPOCH_FILE_LIMIT_BYTES) return { epoch, path, content: null, written: 0, reason: `it has ${size} bytes; at most ${EPOCH_FILE_LIMIT_BYTES} are read`, fix: "No writer of WorkTrain makes such a file: find out who did." };
    try {
      return { epoch, path, ...contentOf(fs.read(path) ?? new Uint8Array()) };
    } catch (error) {
      const code = systemErrorCode(error);
      if (code === null) throw error;
      return { epoch, path, content: null, written: 0, reason: `it cannot be read (${code})`, fix: "Check that it is a file and may be read by this user." };
    }
  });
  const newest = readable.findLast(({ written }) => written > 0);
  let expected = 1;
  for (const file of readable) {
    if (file.epoch !== expected) survey.fault({ file: epochPath(directory, expected), line: null, stream: null, reason: `it is missing, though ${file.path} is there`, fix: "Bring the missing file back from a copy or the saved segments; the log is not read across a gap." });
    expected = file.epoch + 1;
    if (file.content === null) {
      survey.fault({ file: file.path, line: null, stream: null, reason: file.reason, fix: file.fix });
      continue;
    }
    const content = file.content.subarray(0, file.written);
    const whole = file === newest ? wholeBytes(content) : content.length;
    survey.log(file.path, content.subarray(0, whole), file.epoch);
    const fault = endFault(fs, file.path, content);
    if (fault !== null) survey.fault({ file: file.path, line: null, stream: null, ...fault });
    if (whole < content.length) survey.note(`tail_truncated: ${content.length - whole} bytes of an unfinished append stand at the end of ${file.path}. Nobody was told of it; the next writer cuts it off and keeps it as .torn.`);
  }
  return survey;
}
