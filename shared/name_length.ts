/** Most characters (code points) of a name, asked for or asked about. */
export const MAX_NAME_LENGTH = 256;
