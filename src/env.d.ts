declare namespace App {
  interface Locals {
    /** `open` where the server that took the request lets anyone into the CMS: only tests start one so. */
    cms?: 'open';
  }
}
