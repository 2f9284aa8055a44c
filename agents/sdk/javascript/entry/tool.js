/** The module that a tool plugin's component is built from: the project's default export. */

import { beginSession } from '../source/globals.js';
import plugin from 'timeslip-project';

export const pluginBlocking = {
  definitions: () => plugin.definitions(),
  call(name, argumentsText) {
    beginSession();
    return plugin.call(name, argumentsText);
  },
};
