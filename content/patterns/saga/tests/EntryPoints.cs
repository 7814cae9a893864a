// Any type of a host's assembly leads to its Program.
global using ConsumerEntryPoint = Acme._1.Consumer.StockRoom;
global using ProducerEntryPoint = Acme._1.Producer.IOrderQueue;
