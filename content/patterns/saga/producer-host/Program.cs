using Acme._1.Messaging;
using Acme._1.Producer;
using Acme._1.ServiceDefaults;

var builder = WebApplication.CreateBuilder(args);

builder.AddServiceDefaults(MessagingTelemetry.Name);
builder.AddOrderProducer();
builder.Services.AddValidation();

var app = builder.Build();

app.UseServiceDefaults();
app.MapHealth();
app.MapOrderEndpoints();

app.Run();
