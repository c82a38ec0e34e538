-- Drawing numbers took the turn that all transactions share by a lock of the session, and gave it back by hand: whoever was cancelled in
-- between kept it, and nobody could write for as long as his connection lay in its pool. Now the turn belongs to a part of the transaction
-- that always ends by being given up, which frees what it locked and leaves the numbers drawn, because sequences are not part of any
-- transaction.
CREATE OR REPLACE FUNCTION begin_log(wanted bigint) RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  first bigint;
BEGIN
  PERFORM pg_advisory_xact_lock_shared((1871::bigint << 52) | (SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM log_numbers));
  BEGIN
    PERFORM pg_advisory_xact_lock(22374::bigint << 48);
    first := nextval('log_numbers');
    IF wanted > 1 THEN
      PERFORM setval('log_numbers', first + wanted - 1);
    END IF;
    RAISE EXCEPTION SQLSTATE 'WN001' USING MESSAGE = 'the turn is over';
  EXCEPTION WHEN SQLSTATE 'WN001' THEN
    RETURN first;
  END;
END
$$;
