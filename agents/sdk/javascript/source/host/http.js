/** The host's HTTP. */

export { fetch } from 'timeslip:tool/http-blocking@0.1.0';
