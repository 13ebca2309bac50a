/** Agreeing beforehand to what is asked otherwise. */
import { boolean } from '@oclif/core/flags';

/** No variable: consent is given for one call. */
export const yesFlag = { yes: boolean({ char: 'y', summary: 'Agree to what would be asked.' }) };
