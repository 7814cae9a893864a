using Acme._1.Consumer;
using Acme._1.Consumer.Ops;
using Acme._1.Messaging;
using Acme._1.Producer;
using Acme._1.ServiceDefaults;

var builder = WebApplication.CreateBuilder(args);

// An in-memory broker cannot cross processes, so one host sends and receives. With a real broker these are two.
builder.AddServiceDefaults(MessagingTelemetry.Name);
builder.AddStore();
builder.AddOrderProducer();
builder.AddOrderSaga();
builder.Services.AddValidation();

var app = builder.Build();

app.UseServiceDefaults();
app.MapHealth();
app.MapOrderEndpoints();
app.MapOrderStatus();
app.MapOps()?.MapSagas();

app.Run();
