namespace Acme._1.Tests;

/// <summary>
/// The broker: the one that the environment names in <c>ConnectionStrings__broker</c>, or else a new container.
/// </summary>
public sealed partial class BrokerServer(string connectionString, IAsyncDisposable? container) : IAsyncDisposable
{
    private const string Variable = "ConnectionStrings__broker";

    public string ConnectionString => connectionString;

    public static Task<BrokerServer> StartAsync()
    {
        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } given)
        {
            return Task.FromResult(new BrokerServer(given, container: null));
        }

        Task<BrokerServer>? starting = null;
        StartContainer(ref starting);
        return starting ?? throw new InvalidOperationException(
            $"The tests were built while {Variable} was set, and so without containers. Set it again, or build again.");
    }

    public ValueTask DisposeAsync() => container?.DisposeAsync() ?? ValueTask.CompletedTask;

    // Implemented in BrokerServer.Container.cs, which is part of the build only when the variable is not set.
    static partial void StartContainer(ref Task<BrokerServer>? starting);
}
