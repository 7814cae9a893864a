using MqService.Benchmarks.Arms;

var settings = ArmSettings.FromEnvironment();
await ArmHost.RunAsync(ArmSettings.Broker switch
{
    "rabbitmq" => new RabbitMqArm(settings),
    "nats" => new NatsArm(settings),
    "redis" => new RedisArm(settings),
    "kafka" => new KafkaArm(settings),
    var broker => throw new InvalidOperationException($"There is no raw arm for {broker}."),
});
