using MqService.Dev;
using MqService.Harness;

return await ConsoleProgram.RunAsync(
    ct => args switch
    {
        ["demo"] => Demo.RunAsync(ct),
        ["servers"] => InnerLoop.ServersAsync(ct),
        _ => InnerLoop.RunAsync(InnerLoopOptions.Parse(args), ct),
    },
    exception => exception is ArgumentException or CommandFailedException or TimeoutException or HttpRequestException or InvalidOperationException);
