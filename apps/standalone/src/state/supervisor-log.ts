/** What the supervisor does, one JSON object a line. */
export interface SupervisorLog {
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

/** A log that hands each line on with its line feed. */
export function supervisorLog(write: (line: string) => void): SupervisorLog {
  const line =
    (level: string) =>
    (message: string, fields: Readonly<Record<string, unknown>> = {}): void => {
      write(
        `${JSON.stringify({ level, time: new Date().toISOString(), service: 'supervisor', msg: message, ...fields })}\n`,
      );
    };
  return { info: line('info'), warn: line('warn'), error: line('error') };
}
