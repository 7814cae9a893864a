namespace Acme._1.Tests;

/// <summary>
/// A PostgreSQL server: the one that the environment names in <c>ConnectionStrings__postgres</c>, or else a new container.
/// </summary>
public sealed partial class StoreServer(string connectionString, IAsyncDisposable? container) : IAsyncDisposable
{
    private const string Variable = "ConnectionStrings__postgres";

    public string ConnectionString => connectionString;

    public static Task<StoreServer> StartAsync()
    {
        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } given)
        {
            return Task.FromResult(new StoreServer(given, container: null));
        }

        Task<StoreServer>? starting = null;
        StartContainer(ref starting);
        return starting ?? throw new InvalidOperationException(
            $"The tests were built while {Variable} was set, and so without containers. Set it again, or build again.");
    }

    public ValueTask DisposeAsync() => container?.DisposeAsync() ?? ValueTask.CompletedTask;

    // Implemented in StoreServer.Container.cs, which is part of the build only when the variable is not set.
    static partial void StartContainer(ref Task<StoreServer>? starting);
}
