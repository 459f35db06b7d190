//! What stops an event on its way, and where it then goes.
