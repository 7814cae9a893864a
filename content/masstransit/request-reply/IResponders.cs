namespace Acme._1.Messaging;

/// <summary>Whether somebody answers requests. Each transport has its way to find out.</summary>
public interface IResponders
{
    /// <exception cref="NoResponderException">Nobody consumes this queue.</exception>
    /// <exception cref="BrokerUnavailableException">The broker cannot be asked.</exception>
    Task CheckAsync(string queue, CancellationToken cancellationToken);
}
