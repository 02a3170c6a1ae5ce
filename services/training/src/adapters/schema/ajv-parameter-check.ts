import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js';
import type { ParameterCheck } from '../../application/ports.js';
import { trainingProblem } from '../../domain/training-problem.js';

/** Checks parameters by JSON Schema 2020-12. Schemas are small and seldom: nothing is cached. */
export class AjvParameterCheck implements ParameterCheck {
  assertSchema(schema: Record<string, unknown>): void {
    try {
      this.validator().compile(schema);
    } catch (cause) {
      const detail = cause instanceof Error ? cause.message : String(cause);
      throw trainingProblem(
        'invalid',
        'parameter_schema_invalid',
        `the parameter schema is no JSON Schema: ${detail}`,
        { cause, errors: [{ pointer: '/parameterSchema', detail }] },
      );
    }
  }

  assertValid(schema: Record<string, unknown>, parameters: Record<string, unknown>): void {
    const validate = this.validator().compile(schema);
    if (validate(parameters)) return;
    const errors = (validate.errors ?? []).map((fault) => ({
      pointer: `/parameters${fault.instancePath}${memberOf(fault)}`,
      detail: `${fault.message ?? 'is not valid'} (${JSON.stringify(fault.params)})`,
    }));
    throw trainingProblem(
      'invalid',
      'parameters_invalid',
      `the recipe does not take these parameters: ${errors.length} faults`,
      { errors },
    );
  }

  private validator(): Ajv2020 {
    return new Ajv2020({ allErrors: true, strict: false, validateFormats: false, addUsedSchema: false });
  }
}

/** The member that is missing or unknown: the validator points to the object around it. */
function memberOf({ params }: Pick<ErrorObject, 'params'>): string {
  const name: unknown = params['missingProperty'] ?? params['additionalProperty'] ?? params['unevaluatedProperty'];
  return typeof name === 'string' ? `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}` : '';
}
