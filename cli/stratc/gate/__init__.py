"""`stratc gate`: may these strategies be merged? Everything that a pull request is asked, in the formats of CI."""
