/** `/etc/hostname`, see hostname(5). A full domain name is kept whole, as Docker does. */
export const hostnameFile = (hostname: string): string => `${hostname}\n`;
