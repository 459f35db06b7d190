//! How long the pages of lists are.

/// How many trails or tagged trails a page holds: few, so that paging is exercised.
pub(super) const PAGE: usize = 3;
