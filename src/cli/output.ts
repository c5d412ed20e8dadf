/** Standard output of commands that may print a lot. */
import { writeSync } from 'node:fs';

/** Collects lines and writes them in large pieces; a reader that closes the pipe ends the run quietly. */
export class Output {
  private buffer = '';

  line(text: string): void {
    this.buffer += `${text}\n`;
    if (this.buffer.length > 1 << 16) this.flush();
  }

  flush(): void {
    let bytes = Buffer.from(this.buffer);
    this.buffer = '';
    while (bytes.length > 0) {
      try {
        bytes = bytes.subarray(writeSync(1, bytes));
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code === 'EPIPE') process.exit(0);
        if (code !== 'EAGAIN') throw error;
      }
    }
  }
}
