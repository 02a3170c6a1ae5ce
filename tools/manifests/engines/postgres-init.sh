#!/bin/sh
# A database and two roles a service: the owner migrates, the app role reads and writes under row-level security.
set -eu
for service in auth registry training evaluator deployer batch; do
  psql -v ON_ERROR_STOP=1 -v password="$MYRIAD_DB_PASSWORD" --username postgres <<SQL
CREATE ROLE ${service}_owner LOGIN NOBYPASSRLS PASSWORD :'password';
CREATE ROLE ${service}_app LOGIN NOBYPASSRLS PASSWORD :'password';
CREATE DATABASE ${service} OWNER ${service}_owner;
REVOKE ALL ON DATABASE ${service} FROM PUBLIC;
GRANT CONNECT ON DATABASE ${service} TO ${service}_app;
SQL
done
