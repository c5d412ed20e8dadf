/** Every stored value that could not be read and was set aside, wherever in the book that was. */
import { readerStore } from '../../storage/browser.ts';
import { SetAside } from '../notes/SetAside.tsx';
import { look, useStored } from './stored.ts';
import { storedOf } from './summary.ts';
import './data.css';

export default function Unreadable() {
  const { setAside } = storedOf(useStored().entries);
  return (
    <div class="data kept not-content">
      <p role="status">
        {setAside.length === 0 ? 'There is nothing of the kind.' : `${setAside.length} set aside.`}
      </p>
      <SetAside
        values={setAside}
        onDiscard={(value) => {
          readerStore().discard(value);
          look();
        }}
      />
    </div>
  );
}
