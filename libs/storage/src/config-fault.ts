import { ConfigError } from '@myriad/config';

/** A variable that another one makes necessary. */
export function missing(variable: string, because: string): ConfigError {
  return fault(variable, `is required with ${because}`);
}

export function fault(variable: string, message: string): ConfigError {
  return new ConfigError([{ variable, message }]);
}
