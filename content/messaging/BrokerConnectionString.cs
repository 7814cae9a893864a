using Microsoft.Extensions.Configuration;

namespace Acme._1.Messaging;

internal static class BrokerConnectionString
{
    /// <exception cref="InvalidOperationException">The connection string is missing.</exception>
    public static string GetBrokerConnectionString(this IConfiguration configuration, string example) =>
        configuration.GetConnectionString("broker") is { Length: > 0 } value
            ? value
            : throw new InvalidOperationException(
                $"The connection string of the broker is missing. Set ConnectionStrings__broker, for example to {example}");
}
