using MqService.Benchmarks.Arms;

await ArmHost.RunAsync(new GeneratedArm());
