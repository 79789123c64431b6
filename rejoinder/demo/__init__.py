"""Everything `rejoinder demo` starts and watches."""
