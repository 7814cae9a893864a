using MqService.Benchmarks.Arms;

await ArmHost.RunAsync(new BrokerArm(ArmSettings.FromEnvironment()));
