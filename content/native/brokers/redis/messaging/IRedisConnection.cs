using StackExchange.Redis;

namespace Acme._1.Messaging.Redis;

/// <summary>This process's connection to Redis, for those who keep data there beside the messages.</summary>
public interface IRedisConnection
{
    /// <summary>Why there is no connection, or null if there is one.</summary>
    string? Problem { get; }

    /// <summary>Runs a command. While there is no connection it waits, for a limited time.</summary>
    /// <exception cref="BrokerUnavailableException">Redis could not be reached, did not answer or refused. Nothing is known to be done.</exception>
    Task<T> RunAsync<T>(Func<IDatabase, Task<T>> command, CancellationToken cancellationToken);
}
