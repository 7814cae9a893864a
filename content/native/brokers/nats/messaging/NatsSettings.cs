using System.ComponentModel.DataAnnotations;

namespace Acme._1.Messaging.Nats;

/// <summary>What only NATS has. Configuration section <c>Messaging:Nats</c>.</summary>
public sealed class NatsSettings
{
    public const string Section = "Messaging:Nats";

    /// <summary>
    /// A message whose consumer has not been heard of for this long is given to another one. Running handlers renew it
    /// three times as often, so it does not limit how long they take: it is how soon a crash is noticed.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan AckWait { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Copies of each stream in a cluster (1, 3 or 5). Used when a stream is created; change it later with <c>nats stream edit --replicas</c>.</summary>
    [Range(1, 5)]
    public int Replicas { get; init; } = 1;

    /// <summary>The file with the credentials (JWT and NKey seed), where the server uses accounts and operators.</summary>
    public string? CredentialsFile { get; init; }

    /// <summary>The file with the NKey seed, where the server knows users by their NKey.</summary>
    public string? NKeyFile { get; init; }

    /// <summary>The file (PEM) with the authority that signed the server's certificate, if the machine does not trust it already.</summary>
    public string? CaFile { get; init; }

    /// <summary>The file (PEM) with this service's own certificate, where the server asks for one.</summary>
    public string? CertificateFile { get; init; }

    /// <summary>The file (PEM) with the private key of <see cref="CertificateFile"/>.</summary>
    public string? CertificateKeyFile { get; init; }
}
