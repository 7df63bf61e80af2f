DROP TABLE account_creation;
