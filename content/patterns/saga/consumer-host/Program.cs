using Acme._1.Consumer;
using Acme._1.Consumer.Ops;
using Acme._1.Messaging;
using Acme._1.ServiceDefaults;

var builder = WebApplication.CreateBuilder(args);

builder.AddServiceDefaults(MessagingTelemetry.Name);
builder.AddStore();
builder.AddOrderSaga();
builder.Services.AddValidation();

var app = builder.Build();

app.UseServiceDefaults();
app.MapHealth();
app.MapOrderStatus();
app.MapOps()?.MapSagas();

app.Run();
