"""`stratc report`: one page for a person, with everything that was found out about the strategies of a file."""
