declare namespace App {
  interface Locals {
    /** The one database of the process. The server hands it in; a prerendered page has none. */
    db: import('#db/client.ts').Db;
    /** Network address of whoever sent the request. */
    address: string;
    /** Who sent the request; null for a visitor. */
    viewer: import('#src/domains/accounts/model.ts').Viewer | null;
    /** When the request came. */
    now: Date;
  }
}
