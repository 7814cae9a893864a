using MqService.Benchmarks.Arms;

await ArmHost.RunAsync(new RabbitMqArm(ArmSettings.FromEnvironment()));
