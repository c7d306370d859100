CREATE TABLE stock (
  item_id  text    PRIMARY KEY,
  quantity integer NOT NULL CHECK (quantity >= 0)
);
CREATE TABLE orders (
  order_id  text PRIMARY KEY,
  user_id   text NOT NULL,
  currency  text NOT NULL,
  placed_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE order_line (
  order_id   text    REFERENCES orders,
  line       integer,
  item_id    text    NOT NULL REFERENCES stock,
  quantity   integer NOT NULL CHECK (quantity > 0),
  unit_price numeric NOT NULL,
  PRIMARY KEY (order_id, line)
);
INSERT INTO stock VALUES ('mug', 3), ('lamp', 10);
