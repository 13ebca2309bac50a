/** Which members of the ensemble. */
import { custom } from '@oclif/core/flags';
import { parseWholeNumber } from '../../runtime/quantities.js';

/** Any number of members; read the values with `repeated`. */
export const membersFlag = {
  member: custom<number>({
    env: 'ZKD_MEMBER',
    multiple: true,
    multipleNonGreedy: true,
    parse: async (input) => parseWholeNumber(input, 'Member', 1, 255),
    helpValue: 'ID',
    summary: 'Only this member; can be repeated.',
  })(),
};
