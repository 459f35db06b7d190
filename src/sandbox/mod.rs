//! An AWS inside this process.
