-- q question, p problem, r request, c complaint; null: nobody has said
ALTER TABLE service.ticket ADD COLUMN kind text CHECK (kind IN ('q', 'p', 'r', 'c'));
