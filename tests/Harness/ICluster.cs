namespace MqService.Harness;

/// <summary>Several servers that are one broker, and the loss of one of them. With <see cref="IServer"/>'s methods, of all of them.</summary>
public interface ICluster : IServer
{
    /// <summary>SIGKILL, for the one that leads a destination: everything that is sent there goes through it.</summary>
    /// <param name="part">The part of the broker that belongs to the service.</param>
    /// <param name="destination">A queue, stream or topic.</param>
    /// <returns>Which one it was. <see cref="IServer.RestartAsync"/> starts it again.</returns>
    Task<string> KillLeaderAsync(string part, string destination);
}
